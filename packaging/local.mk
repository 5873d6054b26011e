# what packaging builds and tests
