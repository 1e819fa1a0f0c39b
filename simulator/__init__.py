"""Both vendors, played at the wire: a phone network (Twilio) and a voice model (OpenAI Realtime).

It imports nothing of the program it is a counterpart to: a field misread by both would agree with itself.
"""
