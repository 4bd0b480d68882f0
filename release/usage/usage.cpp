// Tracks one object with LiteRT's C API: see CMakeLists.txt for how it is built.
//
//   usage MODEL.tflite frames.rgb first.gray masks.gray
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

// What is used of LiteRT 2.3's litert/c/*.h, which its Python package does not bring.
extern "C" {
typedef struct Opaque* Handle;
struct TensorType { alignas(8) char content[128]; };  // handed on, never read
int LiteRtCreateEnvironment(int count, const void* options, Handle* environment);
int LiteRtCreateModelFromFile(Handle environment, const char* path, Handle* model);
int LiteRtCreateOptions(Handle* options);
int LiteRtSetOptionsHardwareAccelerators(Handle options, int accelerators);
int LiteRtCreateCompiledModel(Handle environment, Handle model, Handle options, Handle* compiled);
int LiteRtGetModelSignature(Handle model, size_t index, Handle* signature);
int LiteRtGetSignatureKey(Handle signature, const char** key);
int LiteRtGetNumSignatureInputs(Handle signature, size_t* count);
int LiteRtGetNumSignatureOutputs(Handle signature, size_t* count);
int LiteRtGetSignatureInputName(Handle signature, size_t index, const char** name);
int LiteRtGetSignatureOutputName(Handle signature, size_t index, const char** name);
int LiteRtGetSignatureInputTensorByIndex(Handle signature, size_t index, Handle* tensor);
int LiteRtGetSignatureOutputTensorByIndex(Handle signature, size_t index, Handle* tensor);
int LiteRtGetRankedTensorType(Handle tensor, TensorType* type);
int LiteRtGetCompiledModelInputBufferRequirements(Handle compiled, size_t signature, size_t index, Handle* needs);
int LiteRtGetCompiledModelOutputBufferRequirements(Handle compiled, size_t signature, size_t index, Handle* needs);
int LiteRtCreateManagedTensorBufferFromRequirements(Handle environment, const TensorType*, Handle needs, Handle* buffer);
int LiteRtLockTensorBuffer(Handle buffer, void** memory, int mode);
int LiteRtUnlockTensorBuffer(Handle buffer);
int LiteRtRunCompiledModel(Handle compiled, size_t signature, size_t inputs, Handle* in, size_t outputs, Handle* out);
}

static void check(int status, const char* what) {
  if (status != 0) { std::fprintf(stderr, "usage: error: %s: failed (%d)\n", what, status); std::exit(2); }
}

static Handle environment, model, compiled;

// A signature, with a buffer for each input and output, by name.
struct Signature {
  size_t index = 0;
  std::map<std::string, Handle> in, out;

  explicit Signature(const std::string& key) {
    Handle signature;
    const char* name;
    do check(LiteRtGetModelSignature(model, index, &signature) || LiteRtGetSignatureKey(signature, &name), key.c_str());
    while (key != name && ++index);
    make_buffers(signature, LiteRtGetNumSignatureInputs, LiteRtGetSignatureInputName, LiteRtGetSignatureInputTensorByIndex,
                 LiteRtGetCompiledModelInputBufferRequirements, in);
    make_buffers(signature, LiteRtGetNumSignatureOutputs, LiteRtGetSignatureOutputName,
                 LiteRtGetSignatureOutputTensorByIndex, LiteRtGetCompiledModelOutputBufferRequirements, out);
  }

  template <class Count, class Name, class Tensor, class Needs>
  void make_buffers(Handle signature, Count count, Name name_of, Tensor tensor_of, Needs needs_of,
                    std::map<std::string, Handle>& buffers) {
    size_t number = 0;
    check(count(signature, &number), "tensors");
    for (size_t i = 0; i < number; ++i) {
      const char* name;
      Handle tensor, needs;
      TensorType type;
      check(name_of(signature, i, &name), "name");
      check(tensor_of(signature, i, &tensor) || LiteRtGetRankedTensorType(tensor, &type), name);
      check(needs_of(compiled, index, i, &needs), name);
      check(LiteRtCreateManagedTensorBufferFromRequirements(environment, &type, needs, &buffers[name]), name);
      order[&buffers].push_back(name);
    }
  }

  void run() {
    std::vector<Handle> given, made;
    for (auto& name : order[&in]) given.push_back(in[name]);
    for (auto& name : order[&out]) made.push_back(out[name]);
    check(LiteRtRunCompiledModel(compiled, index, given.size(), given.data(), made.size(), made.data()), "run");
  }

 private:
  std::map<const void*, std::vector<std::string>> order;  // as the file has them
};

static void write(Handle buffer, const void* content, size_t bytes) {
  void* memory;
  check(LiteRtLockTensorBuffer(buffer, &memory, /*write*/ 1), "write");
  std::memcpy(memory, content, bytes);
  check(LiteRtUnlockTensorBuffer(buffer), "write");
}

static std::vector<uint8_t> content_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  check(!file, path);
  return {std::istreambuf_iterator<char>(file), {}};
}

int main(int count, char** arguments) {
  check(count != 5, "usage MODEL.tflite frames.rgb first.gray masks.gray");
  Handle options;
  check(LiteRtCreateEnvironment(0, nullptr, &environment), "environment");
  check(LiteRtCreateModelFromFile(environment, arguments[1], &model), arguments[1]);
  check(LiteRtCreateOptions(&options) || LiteRtSetOptionsHardwareAccelerators(options, /*CPU*/ 1), "options");
  check(LiteRtCreateCompiledModel(environment, model, options, &compiled), arguments[1]);
  Signature init("init"), step("step");

  const auto frames = content_of(arguments[2]), first = content_of(arguments[3]);
  const size_t pixels = first.size();
  std::vector<float> mask(first.begin(), first.end());
  for (float& value : mask) value = value > 127;
  write(init.in["frame"], frames.data(), 3 * pixels);
  write(init.in["mask"], mask.data(), sizeof(float) * pixels);
  init.run();
  for (auto& [name, buffer] : init.out) if (step.in.count(name)) step.in[name] = buffer;

  std::ofstream masks(arguments[4], std::ios::binary);
  for (size_t t = 1; t < frames.size() / (3 * pixels); ++t) {
    write(step.in["frame"], &frames[3 * pixels * t], 3 * pixels);
    step.run();
    void* probability;
    check(LiteRtLockTensorBuffer(step.out["probability"], &probability, /*read*/ 0), "read");
    for (size_t i = 0; i < pixels; ++i) masks.put(static_cast<float*>(probability)[i] > 0.5f ? '\xff' : 0);
    check(LiteRtUnlockTensorBuffer(step.out["probability"]), "read");
    for (auto& [name, buffer] : step.out) if (step.in.count(name)) std::swap(buffer, step.in[name]);  // the next state
  }
  check(!masks.flush(), arguments[4]);
}
