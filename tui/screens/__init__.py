"""One module a screen: it asks for its views, shows them, and turns keys into intents."""
