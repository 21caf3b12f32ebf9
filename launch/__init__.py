"""The one-machine launcher: starts the servers, the api and the workers as processes and keeps them alive.

It knows command lines and environment variables only; it must not import the api, the workers or the domain.
"""
