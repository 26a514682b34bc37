"""The carriers in a box: Twilio, the Telegram Bot API and FCM on the wire of this machine, for demo and tests."""
