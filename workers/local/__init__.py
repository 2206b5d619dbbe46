"""One process that does jobs itself: a worker's tasks and the API's checks, without Redis, HTTP or a blob store."""
