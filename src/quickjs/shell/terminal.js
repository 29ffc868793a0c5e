/**
 * The one terminal of a machine: runs scripts, one after another in the order in which they came.
 *
 * T1. A script is a job. That of a run has the id "" and its output is the run's; the output of any other is kept and given
 *     with its end.
 * T2. A job that ends, or is given up, leaves nothing pending. One that is given up has changed files, but not the terminal.
 * T3. Whatever a script does ends it with an exit code, unless the engine is at its end.
 */
;({ bash, cmp, diff, digest, host, mktemp, run, state: terminalState, tar, tool, tree, writer, xargs }) => {
  const { Bash, ExecutionScope, Interpreter, parse, port, textOf } = bash

  const home = "/workspace"
  const plenty = Number.MAX_SAFE_INTEGER

  /**
   * The engine bounds time, memory and output. What is left to bound is depth: the interpreter calls itself, on a stack of which
   * a guest has little.
   */
  const executionLimits = {
    ...{ maxCommandCount: plenty, maxLoopIterations: plenty, maxWorkUnits: plenty, maxGlobOperations: plenty },
    ...{ maxAwkIterations: plenty, maxSedIterations: plenty, maxJqIterations: plenty },
    ...{ maxExecutionTimeMs: Infinity, maxExtensionCleanupTimeMs: 0 },
    ...{ maxCallDepth: 500, maxExecDepth: 16, maxSourceDepth: 100, maxSubstitutionDepth: 50 }
  }

  const machine = new Bash({
    fs: tree,
    cwd: home,
    env: { HOME: home, USER: "guest", LOGNAME: "guest", HOSTNAME: "caisson", SHELL: "/bin/bash", LANG: "C.UTF-8" },
    processInfo: { pid: 100, ppid: 1, uid: 1_000, gid: 1_000 },
    executionLimits,
    defenseInDepth: false
  })
  const commands = [...[cmp, diff, mktemp, tar, tool, xargs].map(({ command }) => command), ...digest.commands]
  for (const command of commands) machine.registerBundledCommand(command)

  /** What every shell starts with. Commands start others in it: they see what is exported to them, and leave nothing. */
  const initial = { ...machine.state, previousDir: home }
  Object.defineProperty(machine, "state", { get: () => terminalState.copy(initial) })

  let kept = terminalState.copy(initial)
  let outputMax = 0
  let jobs = []
  let current

  const reasonIn = (answer) => (typeof answer === "string" && answer !== "" ? answer.slice(1) : undefined)
  port.refusal = (words, assignments, redirections) =>
    reasonIn(host("command", JSON.stringify({ words, assignments, redirections })))
  port.refusalOfScript = (text) => (text === current?.script ? undefined : reasonIn(host("script", text)))

  const remainder = (error, exitCode, message) => ({
    stdout: error?.stdout ?? "",
    stderr: `${error?.stderr ?? ""}${message ?? ""}`,
    exitCode
  })

  /** What a script comes to that throws, and whether what it did to the terminal is kept. */
  const endOf = (error) => {
    switch (error?.name) {
      case "ExitError":
      case "PosixFatalError":
        return { result: remainder(error, error.exitCode), isOrderly: true }
      case "ArithmeticError":
      case "ReturnError":
        return { result: remainder(error, error.exitCode ?? 1), isOrderly: true }
      case "ExecutionAbortedError":
        return { result: remainder(error, 124), isOrderly: false }
      case "ExecutionLimitError":
        return { result: remainder(error, 126), isOrderly: false }
      case "ParseException":
      case "LexerError":
        if (error.isRefusal) return { result: remainder(undefined, 126, `bash: ${error.message}\n`), isOrderly: false }
        return { result: remainder(undefined, 2, `bash: syntax error: ${error.message}\n`), isOrderly: false }
      default:
        return { result: remainder(error, 1, `bash: ${error?.message ?? error}\n`), isOrderly: false }
    }
  }

  const interpret = async (script, state, relay) => {
    const { commands, limits } = machine
    const executionScope = new ExecutionScope(limits)
    const exec = (text, options, isCounted = false) =>
      machine.execInScope(text, options, executionScope, 1, undefined, isCounted)
    const interpreter = new Interpreter({ fs: tree, commands, limits, executionScope, exec }, state)
    interpreter.ctx.caissonRelay = (result) => {
      relay(result)
      return { stdout: "", stderr: "", exitCode: result.exitCode }
    }
    interpreter.ctx.caissonHolds = 0
    try {
      const result = await interpreter.executeScript(parse(script, { maxHeredocSize: limits.maxHeredocSize }))
      return { result, isOrderly: true }
    } catch (error) {
      return endOf(error)
    } finally {
      await executionScope.close().catch(() => {})
    }
  }

  const makeSink = (id) => {
    const taken = { stdout: "", stderr: "" }
    let isMuted = false
    const put = (stream, text) => {
      if (text === "") return
      if (id !== "") taken[stream] += taken[stream].length > outputMax ? "" : text
      else if (!isMuted) isMuted = host("output", stream, text.slice(0, outputMax + 1)) === true
    }
    const cut = (text) =>
      text.length <= outputMax ? text : `${text.slice(0, outputMax)}\n[cut: only ${outputMax} characters are kept]\n`
    return {
      relay: (result) => {
        put("stderr", result.stderr)
        put("stdout", textOf(result))
      },
      end: () => ({ stdout: cut(taken.stdout), stderr: cut(taken.stderr) })
    }
  }

  const execute = async (job) => {
    const state = terminalState.copy(kept)
    const sink = makeSink(job.id)
    const { isOrderly, result } = await interpret(job.script, state, sink.relay)
    if (current !== job) return undefined
    sink.relay(result)
    run.cancelAll()
    if (isOrderly) kept = terminalState.after(initial, state)
    kept.lastExitCode = result.exitCode
    kept.env.set("?", `${result.exitCode}`)
    if (job.id !== "") {
      const { stderr, stdout } = sink.end()
      host("shelled", job.id, writer.write({ stdout, stderr, exitCode: result.exitCode }, plenty, "the output"))
    }
    next()
    return { value: { exitCode: result.exitCode } }
  }

  const next = () => {
    current = jobs.shift()
    if (current === undefined) return
    const end = execute(current)
    if (current.id === "") run.kernel.watch(end)
  }

  return {
    begin: (outputBytes) => {
      outputMax = outputBytes
      jobs = []
      current = undefined
      if (kept.startTime === 0) kept.startTime = Date.now()
    },
    shell: (id, script) => {
      jobs.push({ id, script })
      if (current === undefined) next()
    },
    abort: (id) => {
      jobs = jobs.filter((job) => job.id !== id)
      if (current?.id !== id) return
      run.cancelAll()
      next()
    }
  }
}
