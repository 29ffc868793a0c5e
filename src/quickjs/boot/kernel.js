/**
 * The last script: gives guests their globals, and the host the functions that it calls.
 *
 * Beside those of the language guests have: `console`; `sleep(millis)`, `setTimeout`, `setInterval` and what clears them, on
 * the host's clock; `queueMicrotask`; `structuredClone`, of what can be passed to a tool; `performance`, whose time is that
 * of the epoch; `tools`, through which any path can be called, and a global for the first name of every tool, known or not;
 * `listTools()`, which gives the paths of the known ones, and `getToolInfo(path)`; `fs`, the files of the machine; `shell(script)` and
 * `shell.run(script)`. `Date` and `Math.random` are the host's to decide.
 * There is no `WeakRef`, no `FinalizationRegistry`, no shared memory, and nothing of the world outside.
 */
;({ console, files, intrinsics, random, reader, run, shell, timers, tools, writer }) => {
  const { defineProperty, global } = intrinsics

  const cloneMax = 67_108_864

  const globals = {
    console: console.console,
    structuredClone: (value) => reader.read(writer.write(value, cloneMax, "structuredClone")),
    fs: files.fs,
    shell: shell.shell,
    ...timers.globals,
    ...tools.globals
  }
  for (const [name, value] of Object.entries(globals)) {
    defineProperty(global, name, { value, writable: true, configurable: true })
  }

  // It tells the clock's time: milliseconds since the epoch.
  defineProperty(global, "performance", { enumerable: false })

  // There is no second thread to share memory with.
  delete global.SharedArrayBuffer

  // Frames of a stack would give guests the functions of these scripts.
  defineProperty(Error, "prepareStackTrace", { value: undefined, writable: false, configurable: false })

  return {
    ...run.kernel,
    grant: tools.grant,
    granted: tools.granted,
    seed: random.seed,
    begin: (prefix, outstandingMax, callsMax, argumentBytes, resultBytes, outputBytes) => {
      timers.begin()
      console.begin(outputBytes + 1)
      run.kernel.begin(prefix, outstandingMax, callsMax, argumentBytes, resultBytes)
    }
  }
}
