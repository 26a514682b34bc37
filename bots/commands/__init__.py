"""What customers can ask for, one file per topic; the table of them is bots/table.py."""
