# what daemon/ledger builds and tests
