/**
 * The run in progress: what it waits for, how it goes on and how it ends.
 *
 * U1. A call, script or sleep is pending from before the host is told of it until it is answered or cancelled. No id is used twice.
 * U2. A run ends when it has thrown, or has a value and nothing is pending. From then on nothing is admitted until the next
 *     run begins, and what was pending is cancelled.
 * U3. What a timer or a microtask throws is thrown by the run, even if it has a value already. A rejection that nobody has
 *     handled when the run ends is a line on stderr.
 * U4. Whatever is thrown and is no error is shown under the name `Thrown`.
 */
;({ host, inspect, intrinsics, promises, reader, text, writer }) => {
  const { defineProperty, Error, isError, makeMap, parse, Promise, promiseThen, slice } = intrinsics
  const { stringify } = intrinsics

  const { define, giveReason, limitError, makeError, reasonOf } = reader

  const pathMax = 256
  const textShown = 16_384

  const pending = makeMap()
  const unhandled = makeMap()
  let run

  const admit = () => {
    if (run === undefined) throw new Error("no run is under way: nothing can be asked for")
    if (pending.size >= run.outstandingMax) {
      throw limitError("TooManyCalls", `no more than ${run.outstandingMax} calls and sleeps may wait at the same time`)
    }
    if (run.count >= run.callsMax) {
      throw limitError("TooManyCalls", `a run may make no more than ${run.callsMax} calls and sleeps`)
    }
  }

  /** Makes a source pending under the next id and tells the host what it asks for. */
  const send = (source, what, text) => {
    source.id = `${run.prefix}.${run.count + 1}`
    pending.set(source.id, source)
    let isRefused = true
    try {
      isRefused = host(source.kind, source.id, what, text) === true
    } finally {
      if (isRefused) pending.delete(source.id)
    }
    if (isRefused) throw limitError("TooLarge", `${slice(what, 0, pathMax)}: longer than ${run.argumentBytes} bytes`)
    run.count++
  }

  const makeSource = (kind) => ({
    kind,
    id: undefined,
    node: undefined,
    open: true,
    isCancelled: false,
    resolve: undefined,
    reject: undefined,
    error: undefined,
    fire: undefined
  })

  const makePromise = (source) =>
    promises.makePromise(source, (resolve, reject) => {
      source.resolve = resolve
      source.reject = reject
    })

  const call = (path, args) => {
    if (path.length > pathMax) throw limitError("TooLarge", `the path of a tool has no more than ${pathMax} characters`)
    admit()
    const written = writer.write(args, run.argumentBytes, path)
    admit()
    const source = makeSource("call")
    const promise = makePromise(source)
    source.error = new Error()
    send(source, path, written)
    return promise
  }

  /** A script for the shell. */
  const shell = (script) => {
    admit()
    const source = makeSource("shell")
    const promise = makePromise(source)
    source.error = new Error()
    send(source, script, "")
    return promise
  }

  const sleep = (dueMillis) => {
    admit()
    const source = makeSource("sleep")
    const promise = makePromise(source)
    send(source, `${dueMillis}`, "")
    return promise
  }

  /** Calls `fire` at a time of the clock, unless it is cancelled before. */
  const arm = (dueMillis, fire) => {
    admit()
    const source = makeSource("timer")
    source.fire = fire
    send(source, `${dueMillis}`, "")
    return source
  }

  /** Gives the source's settlers, and breaks the circles that it is part of: what is over is freed at once. */
  const close = (source) => {
    pending.delete(source.id)
    source.open = false
    const { error, fire, reject, resolve } = source
    source.node = source.error = source.fire = source.reject = source.resolve = undefined
    return { error, fire, reject, resolve }
  }

  const cancel = (source) => {
    if (!source.open) return
    close(source)
    source.isCancelled = true
    host("cancel", source.id)
  }

  const fail = (error) => {
    if (run !== undefined && run.outcome?.isError !== true) run.outcome = { isError: true, value: error }
  }

  const rejection = ({ error }, { message, name, reason }) => {
    define(error, "name", name, false)
    define(error, "message", message, false)
    define(error, "stack", text.guestFrames(error.stack), false)
    return typeof reason === "string" ? giveReason(error, reason) : error
  }

  /** `outcome` is "value" or "error" for a call or script, with its text, and "wake" for a sleep or timer. */
  const answer = (id, outcome, written) => {
    const source = pending.get(id)
    if (source === undefined) return
    const { kind } = source
    if ((kind === "sleep" || kind === "timer") !== (outcome === "wake")) return
    const settlers = close(source)
    if (kind === "timer") settlers.fire()
    else if (kind === "sleep") settlers.resolve(undefined)
    else if (outcome === "error") settlers.reject(rejection(settlers, parse(written)))
    else receive(settlers, written)
  }

  const receive = ({ reject, resolve }, written) => {
    let value
    try {
      value = reader.read(written)
    } catch (error) {
      reject(error)
      return
    }
    resolve(value)
  }

  const begin = (prefix, outstandingMax, callsMax, argumentBytes, resultBytes) => {
    pending.forEach(cancel)
    unhandled.clear()
    run = { prefix, outstandingMax, callsMax, argumentBytes, resultBytes, count: 0, outcome: undefined }
  }

  const observe = (promise, onFulfilled, onRejected) => {
    defineProperty(promise, "constructor", { __proto__: null, value: undefined })
    promiseThen(promise, onFulfilled, onRejected)
  }

  /** Takes the promise of the program's completion. Its value may be a promise itself. */
  const watch = (promise) => {
    const watched = run
    const settle = (isError) => (value) => {
      if (run === watched) run.outcome ??= { isError, value }
    }
    const follow = ({ value }) => {
      if (typeof value === "object" && value !== null) {
        observe(new Promise((resolve) => resolve(value)), settle(false), settle(true))
      } else {
        settle(false)(value)
      }
    }
    observe(promise, follow, settle(true))
  }

  /** Cancels what nobody waits for any more. Gives a text if the run has come to its end, and it is empty if it has not. */
  const rest = () => {
    promises.collect(cancel)
    if (run.outcome?.isError) return "end"
    if (pending.size > 0) return ""
    if (run.outcome !== undefined) return "end"
    const error = makeError("Error", "the run waits for something that cannot happen: no call and no sleep is pending")
    giveReason(error, "Stalled")
    fail(error)
    return "end"
  }

  const textOf = (value, key) => {
    try {
      const found = value[key]
      return typeof found === "string" ? slice(found, 0, textShown) : undefined
    } catch {
      return undefined
    }
  }

  const shown = (value) => {
    try {
      return slice(typeof value === "string" ? value : inspect.show(value), 0, textShown)
    } catch {
      return "a value that cannot be shown"
    }
  }

  const describe = (thrown) => {
    if (!isError(thrown)) return { name: "Thrown", message: shown(thrown), stack: undefined, reason: undefined }
    return {
      name: textOf(thrown, "name") || "Error",
      message: textOf(thrown, "message") ?? "",
      stack: textOf(thrown, "stack"),
      reason: reasonOf(thrown)
    }
  }

  const errorText = (thrown) => {
    const { message, name, reason, stack } = describe(thrown)
    const stackField = stack === undefined ? "" : `,"stack":${stringify(stack)}`
    const reasonField = reason === undefined ? "" : `,"reason":${stringify(reason)}`
    return `!{"name":${stringify(name)},"message":${stringify(message)}${stackField}${reasonField}}`
  }

  /** Ends the run. Its result is a text that begins with `=` before a value, or with `!` before the JSON of an error. */
  const finish = () => {
    const { outcome, resultBytes } = run
    run = undefined
    pending.forEach(cancel)
    if (outcome.isError) return errorText(outcome.value)
    try {
      return `=${writer.describe(outcome.value, resultBytes, "the result")}`
    } catch (error) {
      return errorText(error)
    }
  }

  const track = (promise, reason, isHandled) => {
    if (isHandled) unhandled.delete(promise)
    else unhandled.set(promise, reason)
  }

  /** Reports rejections that nobody handled, and forgets them. */
  const sweep = () => {
    unhandled.forEach((reason) => {
      const { message, name } = describe(reason)
      if (name !== "CancelledError") host("output", "stderr", `unhandled rejection: ${name}: ${message}\n`)
    })
    unhandled.clear()
  }

  return {
    call,
    shell,
    sleep,
    arm,
    cancel,
    cancelAll: () => pending.forEach(cancel),
    /** Whether anything is pending that somebody waits for: a text, empty if not. */
    waits: () => {
      promises.collect(cancel)
      return pending.size > 0 ? "pending" : ""
    },
    fail,
    kernel: { answer, begin, fail, finish, rest, sweep, track, watch }
  }
}
