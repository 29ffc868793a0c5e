/**
 * A shell that bounds itself, enters the kernel's groups, and then becomes a command.
 *
 * B1. A command that could not be bounded is not started.
 * B2. Groups are entered by a process itself, the first version's by its one thread: that waits for nobody, where to move another
 *     process is to wait, with all of the host that starts any, for tens of milliseconds.
 */

export interface Limits {
  readonly descriptors: number
  /** Of each file that it writes. */
  readonly fileBytes: number
  /** Processes and threads of its user; undefined leaves them unbounded. */
  readonly processes: number | undefined
}

/** In what POSIX's `ulimit` counts the lengths of files. */
const blockBytes = 512
const unbounded = "-"

/** Shells differ in what they call the bound of processes: `-u` for most, `-p` for dash and ash. */
const word = `
ulimit -c 0 && ulimit -n "$1" && ulimit -f "$2" || exit
[ "$3" = ${unbounded} ] || ulimit -u "$3" 2> /dev/null || ulimit -p "$3" || exit
shift 3
until [ "$1" = -- ]; do echo 0 > "$1" || exit; shift; done
shift
unset PWD
exec "$@"`

/** What stands before a command. */
export type Prefix = readonly [program: string, ...given: ReadonlyArray<string>]

/** `entrances` are files of groups, of which there may be none. */
export const prefix = ({ descriptors, fileBytes, processes }: Limits, entrances: ReadonlyArray<string>): Prefix => {
  const limits = [descriptors, Math.ceil(fileBytes / blockBytes), processes ?? unbounded].map(String)
  return ["/bin/sh", "-c", word, "entering", ...limits, ...entrances, "--"]
}
