# The systems that outputs are given for. All Linux targets are built on either of the Linux systems.
[
  "x86_64-linux"
  "aarch64-linux"
  "x86_64-darwin"
  "aarch64-darwin"
]
