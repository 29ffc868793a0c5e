interface WorldlyFiles {
  readonly files: RegExp
  readonly uses: ReadonlyArray<string>
  readonly why: string
}
/** Who, beside the command line, may touch the world (time, chance, processes, files), with what, and why. Others ask a service. */
export const worldly: ReadonlyArray<WorldlyFiles> = [
  { files: /^token\/Entropy\.ts$/, uses: ["node:crypto"], why: "is where ids of tokens come from" },
  { files: /^token\/Signature\.ts$/, uses: ["node:crypto"], why: "signs" },
  { files: /^token\/TokenDirectory\.ts$/, uses: ["node:path"], why: "names the files of a home's tokens" },
  {
    files: /^token\/(KeyFile|NonceDirectory|OwnFile|RevocationFile)\.ts$/,
    uses: ["node:crypto", "node:fs", "node:path", "process"],
    why: "makes, reads and writes the files of a home's tokens"
  },
  { files: /^policy\/Digest\.ts$/, uses: ["node:crypto"], why: "computes SHA-256" },
  {
    files: /^audit\/AuditKeyFile\.ts$/,
    uses: ["node:crypto", "node:fs"],
    why: "makes and reads the file of a log's keys"
  },
  {
    files:
      /^audit\/(Captures|HeadFile|IndexFile|LastLine|LineReader|LinesAt|LogBatches|LogFile|LogLock|LogWriter|PlainFile|Recovery|Segment|SetAside)\.ts$/,
    uses: ["node:fs", "node:fs/promises", "node:path", "node:sqlite"],
    why: "reads and writes the files of a log"
  },
  {
    files: /^audit\/Tail(Server)?\.ts$/,
    uses: ["node:fs", "node:net", "node:path", "setImmediate"],
    why: "serves the live end of a log on a socket"
  },
  { files: /^approval\/WebhookSignature\.ts$/, uses: ["node:crypto"], why: "signs" },
  { files: /^file\/Chunk\.ts$/, uses: ["node:crypto"], why: "computes SHA-256" },
  { files: /^guest\/wire\/Frame\.ts$/, uses: ["node:zlib"], why: "computes checksums" },
  { files: /^session\/Digest\.ts$/, uses: ["node:crypto"], why: "computes SHA-256" },
  { files: /^session\/Entropy\.ts$/, uses: ["node:crypto"], why: "is the service that others ask for chance" },
  {
    files: /^session\/Owner\.ts$/,
    uses: ["node:crypto", "node:os", "process", "performance"],
    why: "says which process this is, and whether another one still lives"
  },
  {
    files: /^session\/journal\/SqliteFile\.ts$/,
    uses: ["node:fs", "node:path", "node:sqlite"],
    why: "opens the file of a database"
  },
  { files: /^home\/Audit\.ts$/, uses: ["node:path"], why: "names the files of a home's audit log" },
  { files: /^home\/Home\.ts$/, uses: ["node:path"], why: "opens the directory that sessions are kept in" },
  { files: /^home\/Otlp\.ts$/, uses: ["fetch"], why: "bounds what is sent to a collector" },
  {
    files: /^home\/SnapshotKey\.ts$/,
    uses: ["node:crypto", "node:fs", "node:path"],
    why: "makes and reads the file of the key"
  },
  {
    files: /^promise\/Local(Source|Target)\.ts$/,
    uses: ["node:fs", "node:fs/promises", "node:path"],
    why: "reads and writes the directories of this machine that are copied to guests and from them"
  },
  {
    files: /^template\/Digest\.ts$/,
    uses: ["node:crypto", "node:fs", "node:stream/promises"],
    why: "computes SHA-256 of files that are too large to be read at once"
  },
  {
    files: /^process\/Identity\.ts$/,
    uses: ["node:crypto", "node:fs", "process"],
    why: "says which process this is, and whether another one still lives"
  },
  { files: /^template\/kernel\/KernelImage\.ts$/, uses: ["node:zlib"], why: "unpacks kernels" },
  {
    files: /^qemu\/(Host|confinement\/HostMeans)\.ts$/,
    uses: ["node:crypto", "node:fs", "node:path", "process"],
    why: "looks at the host, and draws names and users of machines"
  },
  {
    files: /^qemu\/machine\/(Boot|Checkpoint|Durable|Files|KvmProbe|Reap|Start|StateSocket|Template|Verdict)\.ts$/,
    uses: ["node:fs", "node:fs/promises", "node:net", "node:os", "node:path"],
    why: "makes the files and sockets of machines, and takes their states"
  },
  {
    files: /^qemu\/process\/(Child|DurableFile|Roster|Usage)\.ts$/,
    uses: ["node:child_process", "node:fs", "node:fs/promises", "node:path"],
    why: "starts hypervisors over sockets that they inherit, and writes down which there are"
  },
  {
    files: /^qemu\/snapshot\/(ImageParts|Machines|Needs|Part|Seal|Templates)\.ts$/,
    uses: ["node:fs", "node:path"],
    why: "reads, seals and writes the files of snapshots"
  },
  {
    files: /^qemu\/confinement\/ControlGroup\.ts$/,
    uses: ["node:fs", "node:path"],
    why: "makes groups of the kernel, which are directories"
  },
  {
    files: /^microvm\/region\/(Piece|Rebuild|Scan)\.ts$/,
    uses: ["node:fs", "node:fs/promises", "node:util", "node:zlib"],
    why: "compares, compresses and rebuilds files of machines, away from the event loop"
  },
  { files: /^microvm\/Inside\.ts$/, uses: ["node:crypto"], why: "draws the chance that guests are greeted with" },
  {
    files: /^home\/MicroVms\.ts$/,
    uses: ["node:crypto", "node:os"],
    why: "finds the memory of this host, and holds the key"
  },
  { files: /^home\/Place\.ts$/, uses: ["node:path"], why: "names where machines are" },
  { files: /^home\/Templates\.ts$/, uses: ["node:fs", "node:path", "node:url"], why: "finds templates" },
  { files: /^machine\/Signature\.ts$/, uses: ["node:crypto"], why: "signs snapshots" },
  { files: /^machine\/Scripted\.ts$/, uses: ["node:zlib"], why: "computes a checksum" },
  {
    files: /^quickjs\/(Instance|Seed|Snapshot)\.ts$/,
    uses: ["node:crypto", "node:zlib"],
    why: "signs, compresses and seeds"
  },
  {
    files: /^quickjs\/(BaseImage|Boot|TypeStrip|Wasm)\.ts$/,
    uses: ["node:crypto", "node:fs", "node:module", "node:v8", "node:zlib"],
    why: "loads the engine and its scripts, and checks that they are the right ones"
  },
  { files: /^quickjs\/QuickJs\.ts$/, uses: ["node:crypto", "node:os"], why: "counts processors, and holds the key" },
  {
    files: /^quickjs\/(Board|Host|Inbox|Lookout|Thread|ThreadTime|worker)\.ts$/,
    uses: ["node:crypto", "node:fs", "node:worker_threads", "performance", "process", "setImmediate", "setTimeout"],
    why: "runs threads, and ends guests by the real clock"
  }
]
