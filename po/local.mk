# what po builds and tests
