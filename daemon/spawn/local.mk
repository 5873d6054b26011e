# what daemon/spawn builds and tests
