"""The screens: they render views and turn keys into intents. No cluster or cloud client is known here."""
