/** How the files of a guest are put together from packages of Debian. Pure. */
import type { DebianImage } from "../Template.ts"

/**
 * The time that everything in an image has, and that it was made at: 1 January 2026. Nothing in it may depend on when it was
 * built.
 */
export const epochSeconds = 1_767_225_600

/** Who guest code runs as. */
export const guest = { name: "guest", uid: 1_000, gid: 1_000, home: "/home/guest" } as const

/** Directories of guest code. */
const owned = [guest.home, "/workspace"]

/** Files of the system that name its users and the host; each is written to. */
export const systemFiles = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/hostname", "/etc/hosts"]

/** What an image has beside its packages: nobody else writes there. */
export const written = [...systemFiles, ...owned]

/** What no guest reads. Licences stay. */
const excluded = ["/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*"]
const included = ["/usr/share/doc/*/copyright"]

/** Lines of a shell that add the guest to the system below `$1`. */
export const users: ReadonlyArray<string> = [
  `echo '${guest.name}:x:${guest.uid}:${guest.gid}::${guest.home}:/bin/bash' >> "$1/etc/passwd"`,
  `echo '${guest.name}:x:${guest.gid}:' >> "$1/etc/group"`,
  `echo '${guest.name}:!:1::::::' >> "$1/etc/shadow"`,
  `echo '${guest.name}:!::' >> "$1/etc/gshadow"`,
  ...owned.map((path) => `install -d -m 0755 -o ${guest.uid} -g ${guest.gid} "$1${path}"`),
  `printf 'caisson\\n' > "$1/etc/hostname"`,
  `printf '127.0.0.1 localhost\\n::1 localhost\\n' > "$1/etc/hosts"`
]

/**
 * What differs from one build to the next, or is of use only to whoever installs packages. Not `/tmp`: there are the settings of the
 * package manager, which without them would take the host's lists for its own, and clear these.
 */
const cleared = [
  'rm -rf "$1"/var/cache/* "$1"/var/log/* "$1"/var/lib/apt/lists/* "$1"/var/tmp/* "$1"/run/*',
  'rm -f "$1"/etc/resolv.conf "$1"/etc/passwd- "$1"/etc/group- "$1"/etc/shadow- "$1"/etc/gshadow-',
  ': > "$1/etc/machine-id"',
  'find "$1" -xdev -name __pycache__ -prune -exec rm -rf {} +'
]

/**
 * Python's compiled files name the time of their source, unless they are told to trust it: an image in which everything has the
 * same time would have each of them compiled again, each time.
 */
const compiled = [
  'if [ -x "$1/usr/bin/python3" ]; then',
  'chroot "$1" env PYTHONHASHSEED=0 python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash /usr/lib/python3*',
  "fi"
].join("\n")

export interface Build {
  readonly source: DebianImage
  /** A directory whose files are put over those of the packages. */
  readonly placed: string
  /** The archive that is made. */
  readonly output: string
}

const hook = (script: string): string => `--customize-hook=${script}`

/** The arguments of `mmdebstrap`. */
export const build = ({ output, placed, source }: Build): ReadonlyArray<string> => [
  "--variant=minbase",
  "--format=tar",
  ...(source.packages.length === 0 ? [] : [`--include=${source.packages.toSorted().join(",")}`]),
  '--aptopt=APT::Install-Recommends "false"',
  ...excluded.map((path) => `--dpkgopt=path-exclude=${path}`),
  ...included.map((path) => `--dpkgopt=path-include=${path}`),
  hook(["set -eu", ...users].join("\n")),
  ...(source.files.length === 0 ? [] : [hook(`sync-in ${placed} /`)]),
  hook(["set -eu", ...cleared, compiled].join("\n")),
  source.debian,
  output
]

/** The arguments of `mkfs.erofs`: not compressed, since a guest would unpack it in software. */
export const fileSystem = (image: string, directory: string, uuid: string): ReadonlyArray<string> => [
  "--quiet",
  `-T${epochSeconds}`,
  `-U${uuid}`,
  image,
  directory
]
