"""How the model learns: seed sentences and labelled messages in, an artefact out, and how good it is."""
