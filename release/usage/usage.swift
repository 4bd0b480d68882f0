// Tracks one object with TensorFlow Lite's Swift library (the pod TensorFlowLiteSwift), on iOS or macOS.
// Arguments: MODEL.tflite frames.rgb first.gray masks.gray
import Foundation
import TensorFlowLite

let arguments = CommandLine.arguments
let interpreter = try Interpreter(modelPath: arguments[1])
let frames = try Data(contentsOf: URL(fileURLWithPath: arguments[2]))
let first = try Data(contentsOf: URL(fileURLWithPath: arguments[3]))

let (begin, step) = (try interpreter.signatureRunner(with: "init"), try interpreter.signatureRunner(with: "step"))

func run(_ runner: SignatureRunner, _ known: [String: Data]) throws -> [String: Data] {
  try runner.invoke(with: known.filter { runner.inputs.contains($0.key) })
  return Dictionary(uniqueKeysWithValues: try runner.outputs.map { ($0, try runner.output(named: $0).data) })
}

func frame(_ t: Int) -> Data { frames.subdata(in: 3 * first.count * t ..< 3 * first.count * (t + 1)) }
let mask = first.map { Float32($0 > 127 ? 1 : 0) }.withUnsafeBufferPointer { Data(buffer: $0) }

var state = try run(begin, ["frame": frame(0), "mask": mask])
var masks = Data()
for t in 1 ..< frames.count / (3 * first.count) {
  state = try run(step, state.merging(["frame": frame(t)]) { $1 })  // the whole state goes in, the next one comes out
  masks.append(contentsOf: state["probability"]!.withUnsafeBytes { bytes in
    bytes.bindMemory(to: Float32.self).map { $0 > 0.5 ? 255 : 0 }
  })
}
try masks.write(to: URL(fileURLWithPath: arguments[4]))
