"""The inbox: conversations that a person answers, from the hand-over by the bot to the way back to it."""
