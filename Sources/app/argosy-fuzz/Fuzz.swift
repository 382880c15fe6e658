import ArchiveFuzzSubjects
import Basics
import CFuzzer
import FuzzSubjects
import Glibc

private let subjects = FuzzSubject.all + ArchiveFuzzSubjects.all

/// The subject that `ARGOSY_FUZZ_SUBJECT` names.
private let subject: FuzzSubject = {
  let name = getenv("ARGOSY_FUZZ_SUBJECT").map { String(cString: $0) } ?? ""
  guard let subject = subjects.first(where: { $0.name == name }) else {
    Diagnostics.report("set ARGOSY_FUZZ_SUBJECT to one of \(subjects.map(\.name).joined(separator: ", "))")
    exit(2)
  }
  return subject
}()

/// libFuzzer over one subject; its options are the arguments. `seeds DIRECTORY` instead writes the subject's seeds, `names` prints the subjects.
@main enum Fuzz {
  static func main() {
    let arguments = CommandLine.arguments
    if arguments.count == 2, arguments[1] == "names" {
      for subject in subjects { print(subject.name) }
      return
    }
    if arguments.count == 3, arguments[1] == "seeds" {
      for (index, seed) in subject.seeds.enumerated() {
        guard let file = fopen("\(arguments[2])/seed-\(index)", "w") else { continue }
        fwrite(seed, 1, seed.count, file)
        fclose(file)
      }
      return
    }
    var count = CommandLine.argc
    var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
    exit(
      LLVMFuzzerRunDriver(&count, &values) { data, size in
        do {
          try subject.run(Array(UnsafeBufferPointer(start: data, count: size)))
        } catch {
          // A signal that libFuzzer knows: it keeps the input.
          Diagnostics.report("broken: \(error)")
          abort()
        }
        return 0
      })
  }
}
