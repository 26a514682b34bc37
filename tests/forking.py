"""Processes of the tests' own: copies of one that has imported the house and runs nothing; none imports it anew."""

import multiprocessing

forked = multiprocessing.get_context("forkserver")
forked.set_forkserver_preload(["pytest", "mcrm.tables", "mcrm.transaction", "migrations.running", "tests.databases"])
