/** The spellings of flags: clusters, long names and their abbreviations, and names of the same thing. */

/** For some commands, flags of one meaning. */
const synonyms: ReadonlyMap<string, ReadonlyArray<ReadonlyArray<string>>> = new Map(
  Object.entries({
    rm: [
      ["-r", "-R", "--recursive"],
      ["-f", "--force"],
      ["-i", "--interactive"],
      ["-d", "--dir"]
    ],
    cp: [
      ["-r", "-R", "--recursive", "-a", "--archive"],
      ["-f", "--force"]
    ],
    mv: [["-f", "--force"]],
    ln: [
      ["-s", "--symbolic"],
      ["-f", "--force"]
    ],
    chmod: [["-R", "--recursive"]],
    chown: [["-R", "--recursive"]],
    chgrp: [["-R", "--recursive"]],
    git: [
      ["-f", "--force"],
      ["-d", "--delete"]
    ],
    curl: [
      ["-o", "--output"],
      ["-O", "--remote-name"],
      ["-T", "--upload-file"],
      ["-d", "--data"],
      ["-k", "--insecure"],
      ["-L", "--location"]
    ],
    wget: [["-O", "--output-document"]],
    tar: [
      ["-x", "--extract", "--get"],
      ["-c", "--create"]
    ],
    sed: [["-i", "--in-place"]],
    kill: [["-9", "-KILL", "-SIGKILL"]],
    shutdown: [["-h", "--halt"]]
  })
)

/** The flags that mean the same to a command as this one, and itself. */
const meanings = (command: string, flag: string): ReadonlyArray<string> =>
  synonyms.get(command)?.find((group) => group.includes(flag)) ?? [flag]

const isLong = (flag: string): boolean => flag.startsWith("--")

/** The letters of a cluster such as `-rf`; a long flag has none. */
export const letters = (flag: string): ReadonlyArray<string> => (isLong(flag) ? [] : [...flag.slice(1)])

/** Whether a flag as it was given is, or may be short for, a wanted one. */
const isSpelling = (given: string, wanted: string): boolean => {
  if (given === wanted) return true
  if (!isLong(wanted)) return wanted.length === 2 && letters(given).includes(wanted[1] ?? "")
  const [name = ""] = given.split("=", 1)
  return isLong(given) && name.length > 2 && wanted.startsWith(name)
}

/** Whether one flag, or a cluster of them, is among those that were given, however it is spelt. */
export const isGiven = (command: string, given: ReadonlyArray<string>, wanted: string): boolean => {
  const isThere = (flag: string) =>
    meanings(command, flag).some((meaning) => given.some((word) => isSpelling(word, meaning)))
  if (isThere(wanted)) return true
  const cluster = letters(wanted)
  return cluster.length > 1 && cluster.every((letter) => isThere(`-${letter}`))
}

/** Whether a flag that was given says nothing beyond the wanted ones. Abbreviations are not looked up. */
export const isCovered = (command: string, given: string, wanted: ReadonlyArray<string>): boolean => {
  if (wanted.includes(given)) return true
  const allowed = new Set(
    wanted.flatMap((flag) => {
      const cluster = letters(flag)
      return (cluster.length > 1 ? cluster.map((letter) => `-${letter}`) : [flag]).flatMap((single) =>
        meanings(command, single)
      )
    })
  )
  return (
    allowed.has(given) || (letters(given).length > 0 && letters(given).every((letter) => allowed.has(`-${letter}`)))
  )
}
