"""An eSputnik account on your own machine: a pure state machine, and an app that serves it."""
