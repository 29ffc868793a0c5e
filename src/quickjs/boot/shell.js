/** The guest's `shell(script)`, which the host has run by the shell of the same machine. */
;({ intrinsics, promises, reader, run, text }) => {
  const { defineProperty, Error, freeze, slice, TypeError } = intrinsics
  const { define } = reader

  const tailShown = 1_024

  const needScript = (script) => {
    if (typeof script !== "string") throw new TypeError("shell: a script must be a string")
    return script
  }

  const shell = (script) => run.shell(needScript(script))

  const tail = (words) => (words.length > tailShown ? `…${slice(words, -tailShown)}` : words)

  const makeShellError = (error, { exitCode, stderr, stdout }) => {
    define(error, "name", "ShellError", false)
    define(
      error,
      "message",
      `the script ended with exit code ${exitCode}${stderr === "" ? "" : `: ${tail(stderr)}`}`,
      false
    )
    define(error, "stack", text.guestFrames(error.stack), false)
    define(error, "exitCode", exitCode, true)
    define(error, "stdout", stdout, true)
    define(error, "stderr", stderr, true)
    return error
  }

  const shellRun = (script) => {
    const error = new Error()
    return promises.follow(shell(script), (end) => {
      if (end.exitCode !== 0) throw makeShellError(error, end)
      return end.stdout
    })
  }
  defineProperty(shellRun, "name", { value: "run" })
  defineProperty(shell, "run", { value: shellRun, enumerable: true })

  return { shell: freeze(shell) }
}
