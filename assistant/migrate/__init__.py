"""Configs of older releases of Oumi, and of other tools, as configs of a release of Oumi that is wanted."""
