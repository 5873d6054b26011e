# what policy builds and tests
