/** The programs of the host that the microVM tier is built with and runs on, and where they come from. */
import { hypervisor } from "../qemu/HypervisorName.ts"

export interface HostProgram {
  readonly name: string
  /** The package of Debian that has it. */
  readonly debian: string
  readonly neededFor: string
  /**
   * `build`: no image is built without it. `run`: no machine is started without it. `confine`: machines are kept in less well
   * without it. `oci`: for images of OCI alone.
   */
  readonly when: "build" | "run" | "confine" | "oci"
  /** What makes it say its version, if that is not `--version`. */
  readonly version?: string
}

export const hostPrograms: ReadonlyArray<HostProgram> = [
  { name: hypervisor, debian: "qemu-system-x86", neededFor: "running machines", when: "run" },
  { name: "qemu-img", debian: "qemu-utils", neededFor: "disks of machines", when: "run" },
  { name: "mmdebstrap", debian: "mmdebstrap", neededFor: "building images from packages of Debian", when: "build" },
  {
    name: "mkfs.erofs",
    debian: "erofs-utils",
    neededFor: "building file systems of images",
    when: "build",
    version: "-V"
  },
  { name: "mkfs.ext4", debian: "e2fsprogs", neededFor: "building empty disks", when: "build", version: "-V" },
  { name: "dpkg-deb", debian: "dpkg", neededFor: "unpacking the kernel of guests", when: "build" },
  { name: "apt-get", debian: "apt", neededFor: "downloading the kernel of guests", when: "build" },
  { name: "fakeroot", debian: "fakeroot", neededFor: "building images without being root", when: "build" },
  { name: "newuidmap", debian: "uidmap", neededFor: "building images without being root", when: "build" },
  { name: "go", debian: "golang-go", neededFor: "building the agent of guests", when: "build" },
  { name: "bwrap", debian: "bubblewrap", neededFor: "namespaces around a machine", when: "confine" },
  { name: "setpriv", debian: "util-linux", neededFor: "taking privileges from a machine", when: "confine" },
  { name: "skopeo", debian: "skopeo", neededFor: "fetching images of OCI", when: "oci" },
  { name: "umoci", debian: "umoci", neededFor: "unpacking images of OCI", when: "oci" }
]

/** Whether this process is root's. */
export const isRoot = process.geteuid?.() === 0

/** What only those need who are not root. */
export const withoutRoot: ReadonlySet<string> = new Set(["fakeroot", "newuidmap"])

/** The keys that packages of Debian are checked with: on a host of another distribution it is a package of its own. */
export const keyring = {
  file: "/usr/share/keyrings/debian-archive-keyring.gpg",
  debian: "debian-archive-keyring"
} as const

/** The packages that bring some programs, each once. */
export const packagesOf = (programs: ReadonlyArray<HostProgram>): ReadonlyArray<string> => [
  ...new Set(programs.map(({ debian }) => debian))
]

/** What to type to have packages. */
export const installing = (packages: ReadonlyArray<string>): string =>
  `sudo apt-get install --no-install-recommends ${packages.join(" ")}`

/** What to type to have a program; undefined of one that is not ours to name. */
export const installingProgram = (name: string): string | undefined => {
  const found = hostPrograms.filter((program) => program.name === name)
  return found.length === 0 ? undefined : installing(packagesOf(found))
}
