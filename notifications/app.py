"""The app's chat: a message is there as soon as it is committed, so there is nobody to hand it to."""

from mcrm.deliveries.outgoing import Failed, Operation, Outcome, Outgoing, Sent


class AppSender:
    """Accepts what the policy let through; the app reads it from the conversation, and says itself that it did."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """It has arrived where it is read; edits and answers to buttons are for chats that we do not draw ourselves."""
        if outgoing.operation is not Operation.SEND:
            return Failed(f"app.no-{outgoing.operation}", alert=True)
        return Sent(str(outgoing.id))

    def close(self) -> None:
        """Nothing to let go."""
