/** `undertone/network`: any network that the converter takes, on any device, without the audio part. */
export * from '../errors.ts';
export type { Dimension } from '../graph/graph.ts';
export type { FixedInput } from '../onnx/inputs.ts';
export type { OnnxTensor } from '../onnx/reader.ts';
export type { Extent } from '../onnx/symbols.ts';
export type { DeviceInfo, DeviceName } from '../runtime/devices.ts';
export { Network, type NetworkOptions } from './network.ts';
export { NetworkStream, type StreamOptions } from './stream.ts';
export type { NetworkInputs, NetworkOutputs, NetworkTensor, NetworkValue, Numbers } from './tensors.ts';
