/** A named environment, as its file describes it. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import { areApart, GuestPath } from "./GuestPath.ts"
import { PlantedHoneytokens } from "./Honeytoken.ts"

const within = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const defaulted = (fallback: number, minimum: number, maximum: number, description: string) =>
  within(minimum, maximum)
    .annotate({ description })
    .pipe(Schema.withDecodingDefault(Effect.succeed(fallback)))

const pattern = (regular: RegExp, message: string) => Schema.String.check(Schema.isPattern(regular, { message }))

export const TemplateName = pattern(/^[a-z][a-z0-9-]{0,47}$/u, "expected a name such as python-data-analysis")

const PackageName = pattern(/^[a-z0-9][a-z0-9+.-]{1,99}$/u, "expected the name of a Debian package")

const languagesOf = <const Names extends ReadonlyArray<string>>(names: Names) =>
  Schema.NonEmptyArray(Schema.Literals(names)).check(
    Schema.makeFilter((languages: ReadonlyArray<string>) =>
      languages.flatMap((language, index) =>
        languages.indexOf(language) < index ? [{ path: [index], issue: `${language} occurs twice` }] : []
      )
    )
  )

/** A file that is put into an image. */
export const PlacedFile = Schema.Struct({
  /** Where it is in a guest. Directories above it are made. */
  path: GuestPath,
  /** What is in it. The file of a template has a bound of its own, which is lower. */
  text: Schema.String.check(Schema.isMaxLength(1_048_576)),
  /** Whether it is a program. */
  isExecutable: Schema.Boolean.pipe(Schema.withDecodingDefault(Effect.succeed(false)))
})
export type PlacedFile = typeof PlacedFile.Type

const listOf = <S extends Schema.Codec<unknown, unknown>>(
  item: S,
  lengthMax: number,
  ...checks: ReadonlyArray<SchemaAST.Check<ReadonlyArray<S["Type"]>>>
) =>
  Schema.Array(item)
    .check(Schema.isMaxLength(lengthMax), ...checks)
    .pipe(Schema.withDecodingDefault(Effect.succeed([])))

const PlacedFiles = listOf(PlacedFile, 64, areApart)

/** Packages of a release of Debian, and files beside them. */
export const DebianImage = Schema.Struct({
  debian: Schema.Literals(["bookworm"]),
  /** What is installed, with what it depends on; beside the few packages without which there is no Debian. */
  packages: listOf(PackageName, 256),
  /** Put over the files of the packages. */
  files: PlacedFiles
})
export type DebianImage = typeof DebianImage.Type

const HostPath = pattern(/^[^\0:]{1,4096}$/u, "expected a path without a colon")
const OciTag = pattern(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/u, "expected a tag such as 3.12-slim")
const OciDigest = pattern(/^sha256:[0-9a-f]{64}$/u, "expected sha256: and 64 hexadecimal digits")
const Reference = pattern(
  /^(?:localhost|[a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::\d{1,5})?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$/u,
  "expected the whole name of an image, such as docker.io/library/python:3.12-slim"
)

/** An image in a directory of this host. A path that is not absolute begins where the template's file is. */
export const OciLayout = Schema.Struct({
  layout: HostPath,
  /** Which image, if there are several. */
  tag: Schema.optionalKey(OciTag),
  /** If it is given, no other image is taken. */
  digest: Schema.optionalKey(OciDigest)
})

/** The same in one file, as `skopeo copy … oci-archive:FILE` and `docker save` of Docker 25 write it. */
export const OciArchive = Schema.Struct({
  archive: HostPath,
  tag: Schema.optionalKey(OciTag),
  digest: Schema.optionalKey(OciDigest)
})

/** An image of a registry. Tags move: what is taken is what the digest says. */
export const OciRegistry = Schema.Struct({ registry: Reference, digest: OciDigest })

export const OciSource = Schema.Union([OciLayout, OciArchive, OciRegistry])
export type OciSource = typeof OciSource.Type

/** The files of an image of OCI, and files over them. It brings the programs of its languages itself. */
export const OciImage = Schema.Struct({ oci: OciSource, files: PlacedFiles })
export type OciImage = typeof OciImage.Type

/** Where the files of a guest come from. */
export const ImageSource = Schema.Union([DebianImage, OciImage])
export type ImageSource = typeof ImageSource.Type

const ModuleName = pattern(/^[A-Za-z_][\w]*(\.[A-Za-z_][\w]*)*$/u, "expected the name of a module of Python")

/** What is done in a guest before it is frozen, so that every machine of the template begins with it done. */
export const WarmUp = Schema.Struct({
  /** A script for `sh`, which the user of guest code runs; it ends at the first command that fails. */
  run: pattern(/^[^\0]+$/u, "expected a script, which has no NUL").check(Schema.isMaxLength(65_536)),
  timeoutMillis: defaulted(60_000, 100, 600_000, "how long it may take")
})
export type WarmUp = typeof WarmUp.Type

/** Clocks and sizes of the sessions of a template. */
export const MachineLimits = Schema.Struct({
  runMillis: defaulted(300_000, 100, 86_400_000, "time of one run"),
  idleMillis: defaulted(
    600_000,
    1_000,
    86_400_000,
    "time without a run, after which a session's machine is put to disk"
  ),
  totalMillis: defaulted(86_400_000, 1_000, 2_592_000_000, "time of a session"),
  outputBytes: defaulted(1_048_576, 0, 16_777_216, "output that is kept of one run"),
  processes: defaulted(256, 1, 32_768, "processes and threads of guest code at the same time")
})

const common = {
  /** Of this format. */
  version: Schema.Literal(1),
  /** That of the file, without its ending. */
  name: TemplateName,
  /** For people who choose one. */
  description: Schema.optionalKey(Schema.String.check(Schema.isMaxLength(1_024))),
  /** Files with values that only somebody who looks around finds. They are no part of an image. */
  honeytokens: Schema.optionalKey(PlantedHoneytokens)
}

/** Machines that were started before anybody asked for one. */
export const Pool = Schema.Struct({ size: defaulted(0, 0, 1_024, "machines that are kept ready") })

/** A guest in a virtual machine of this process: nothing is built for it. */
export const Embedded = Schema.Struct({
  ...common,
  tier: Schema.Literal("embedded"),
  languages: languagesOf(["javascript", "typescript", "shell"]),
  memoryMebibytes: defaulted(64, 8, 1_024, "heap of the guest")
})
export type Embedded = typeof Embedded.Type

/** A guest with a kernel of its own. */
export const Microvm = Schema.Struct({
  ...common,
  tier: Schema.Literal("microvm"),
  image: ImageSource,
  /** What runs are written in. The image has to have their programs: bash, python3, g++, go. */
  languages: languagesOf(["shell", "python", "cpp", "go"]),
  cpus: defaulted(1, 1, 64, "processors of a machine"),
  memoryMebibytes: defaulted(256, 64, 65_536, "memory of a machine"),
  diskMebibytes: defaulted(1_024, 64, 65_536, "what a machine can write to its disk"),
  /** There is no network device. What guest code needs of the outside it asks for by a tool. */
  network: Schema.Literals(["none"]).pipe(Schema.withDecodingDefault(Effect.succeed("none" as const))),
  /** What a result has beside its value: `text`, what was printed; `rich`, and what was shown: pictures, tables, texts. */
  output: Schema.Literals(["text", "rich"]).pipe(Schema.withDecodingDefault(Effect.succeed("text" as const))),
  /** Bounds of each session; a policy and tokens may lower them. */
  limits: MachineLimits.pipe(Schema.withDecodingDefault(Effect.succeed({}))),
  /** Modules of Python that are loaded when a session begins. Its programs import them as ever; it takes no time. */
  preload: listOf(ModuleName, 64),
  /** In this order; if one of them fails, there is no template. */
  warmUp: listOf(WarmUp, 16),
  /** How many of its machines wait for sessions. */
  pool: Pool.pipe(Schema.withDecodingDefault(Effect.succeed({})))
})
export type Microvm = typeof Microvm.Type

/** An environment of either tier. */
export const Template = Schema.Union([Embedded, Microvm])
export type Template = typeof Template.Type
