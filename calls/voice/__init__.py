"""The conversation, sans-I/O: what happened comes in as events, what to do goes out as actions, time is an argument."""
