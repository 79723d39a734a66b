"""Looks addresses up: a host's address and route, and facts about interfaces, such as names."""
