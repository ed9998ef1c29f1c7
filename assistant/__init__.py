"""oumi-chat: say what you want to train and get an Oumi config that loads and fits."""

__version__ = "0.1.0"
