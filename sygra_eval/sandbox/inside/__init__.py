"""What runs in the bare interpreter, on the other side of the walls; the harness never imports it.

`..zygote` compiles these files and sends the code over a memory file, so they use the standard
library alone. `zygote` prepares a process once (with `namespaces` for the boxes) and forks a child
per execution, which locks itself up (`walls`) and runs its program (`program`). `kernel` has the
calls that the standard library lacks.
"""
