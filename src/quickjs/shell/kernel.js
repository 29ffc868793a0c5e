/** The last script of the shell image: the host's functions are those of the base image, and the terminal's. */
;({ kernel, run, terminal }) => ({
  ...kernel,
  begin: (prefix, outstandingMax, callsMax, argumentBytes, resultBytes, outputBytes) => {
    kernel.begin(prefix, outstandingMax, callsMax, argumentBytes, resultBytes, outputBytes)
    terminal.begin(outputBytes)
  },
  abort: terminal.abort,
  shell: terminal.shell,
  waits: run.waits
})
