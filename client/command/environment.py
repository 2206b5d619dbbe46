"""Environment variables that the command reads, so that they need not be given each time."""

SERVER = "PORTRAIT_SERVER"
API_KEY = "PORTRAIT_API_KEY"
MEANINGS = {
    SERVER: "URL of the service that `portrait` talks to; unset means http://127.0.0.1:8000.",
    API_KEY: "The API key that `portrait` sends, where the service asks for one.",
}
