# what daemon/update builds and tests
