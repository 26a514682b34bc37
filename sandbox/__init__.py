"""The carriers in a box: Twilio, the Telegram Bot API and FCM on the wire of this machine, for the demo and the tests."""
