# what daemon/worker builds and tests
