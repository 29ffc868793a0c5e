/** `sleep`, timeouts and intervals, all of which the host wakes at a time of its clock, and `queueMicrotask`. */
;({ intrinsics, run }) => {
  const { apply, makeMap, min, now, promiseResolve, promiseThen, trunc, TypeError } = intrinsics

  /** Ten years. */
  const delayMax = 315_360_000_000

  const timers = makeMap()
  let handles = 0

  const due = (millis) => {
    const delay = +millis
    return now() + (delay > 0 ? trunc(min(delay, delayMax)) : 0)
  }

  const needCallback = (callback) => {
    if (typeof callback !== "function") throw new TypeError("a callback must be a function")
  }

  const start = (callback, millis, args, repeats) => {
    needCallback(callback)
    const fire = () => {
      if (!repeats) timers.delete(handle)
      try {
        apply(callback, undefined, args)
        if (repeats && timers.has(handle)) timers.set(handle, run.arm(due(millis), fire))
      } catch (error) {
        run.fail(error)
      }
    }
    const timer = run.arm(due(millis), fire)
    const handle = ++handles
    timers.set(handle, timer)
    return handle
  }

  const stop = (handle) => {
    const timer = timers.get(handle)
    if (timer === undefined) return
    timers.delete(handle)
    run.cancel(timer)
  }

  return {
    globals: {
      sleep: (millis) => run.sleep(due(millis)),
      setTimeout: (callback, millis, ...args) => start(callback, millis, args, false),
      setInterval: (callback, millis, ...args) => start(callback, millis, args, true),
      clearTimeout: (handle) => stop(handle),
      clearInterval: (handle) => stop(handle),
      queueMicrotask: (callback) => {
        needCallback(callback)
        promiseThen(promiseResolve(undefined), () => {
          try {
            apply(callback, undefined, [])
          } catch (error) {
            run.fail(error)
          }
        })
      }
    },
    /** A run begins: the timers of the one before are gone. */
    begin: () => timers.clear()
  }
}
