# what docs builds and tests
