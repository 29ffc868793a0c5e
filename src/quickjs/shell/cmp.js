/** The command `cmp`: where two files begin to differ. */
;({ bash }) => {
  const usage = "usage: cmp [-s] FILE1 [FILE2]\n"

  const end = (exitCode, stdout, stderr) => ({ stdout, stderr, exitCode })

  const execute = async (words, context) => {
    const flags = words.filter((word) => /^-./.test(word))
    const names = words.filter((word) => !/^-./.test(word))
    if (flags.includes("--help")) return end(0, usage, "")
    const unknown = flags.find((flag) => !["-s", "--quiet", "--silent"].includes(flag))
    if (unknown !== undefined) return end(2, "", `cmp: ${unknown} is not known\n${usage}`)
    if (names.length === 0 || names.length > 2) return end(2, "", usage)
    const [left, right = "-"] = names
    const contents = []
    for (const name of [left, right]) {
      try {
        contents.push(
          name === "-" ? context.stdin : await context.fs.readFileBytes(context.fs.resolvePath(context.cwd, name))
        )
      } catch (error) {
        return end(2, "", `cmp: ${name}: ${bash.port.reason(error)}\n`)
      }
    }
    const [one, other] = contents
    if (one === other) return end(0, "", "")
    if (flags.length > 0) return end(1, "", "")
    const shared = Math.min(one.length, other.length)
    let at = 0
    while (at < shared && one[at] === other[at]) at++
    const line = one.slice(0, at).split("\n").length
    if (at < shared) return end(1, `${left} ${right} differ: byte ${at + 1}, line ${line}\n`, "")
    const short = one.length < other.length ? left : right
    return end(
      1,
      "",
      `cmp: EOF on ${short} after byte ${shared}, ${shared === 0 ? "which is empty" : `in line ${line}`}\n`
    )
  }

  return { command: { name: "cmp", execute } }
}
