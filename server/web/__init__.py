"""The roof: who is signed in, errors as HTTP, health, the API's description, built files, home."""
