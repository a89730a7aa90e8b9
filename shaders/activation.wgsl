// The functions of src/ops/activation.ts, by the same names. The kind is fixed when the pipeline is made, so the switch
// costs nothing.
const IDENTITY = 0u;
const RELU = 1u;
const LEAKY_RELU = 2u;
const ELU = 3u;
const SIGMOID = 4u;
const HARD_SIGMOID = 5u;
const HARD_SWISH = 6u;
const TANH = 7u;
const GELU = 8u;
const GELU_TANH = 9u;
const ERF = 10u;
const CLIP = 11u;
const EXP = 12u;
const LOG = 13u;
const SQRT = 14u;
const ABS = 15u;
const NEGATE = 16u;
const FLOOR = 17u;
const ROUND = 18u;
const SIN = 19u;
const COS = 20u;

override ACTIVATION: u32 = 0;
override ALPHA: f32 = 0;
override BETA: f32 = 0;

// exp(88.7) is the largest float32; beyond it some drivers' tanh and division give NaN.
fn safeTanh(x: f32) -> f32 {
  return tanh(clamp(x, -20.0, 20.0));
}

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0)));
}

// Abramowitz and Stegun 7.1.26, good to 1.5e-7.
fn erf(x: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - polynomial * exp(-x * x));
}

// sin(x + quarters pi/2) after Cephes: WGSL's own may be wrong by 5e-4.
fn sine(x: f32, quarters: i32) -> f32 {
  let n = round(x * 0.63661977236758134);
  let r = ((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.549789948768648e-8;
  let quadrant = i32(n) + quarters;
  let z = r * r;
  let s = ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * r + r;
  let c = ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
  let value = select(c, s, (quadrant & 1) == 0);
  return select(value, -value, (quadrant & 2) != 0);
}

fn activate(x: f32) -> f32 {
  switch (ACTIVATION) {
    case RELU: { return max(x, 0.0); }
    case LEAKY_RELU: { return select(x, ALPHA * x, x < 0.0); }
    case ELU: { return select(x, ALPHA * (exp(min(x, 0.0)) - 1.0), x < 0.0); }
    case SIGMOID: { return sigmoid(x); }
    case HARD_SIGMOID: { return clamp(ALPHA * x + BETA, 0.0, 1.0); }
    case HARD_SWISH: { return x * clamp(x / 6.0 + 0.5, 0.0, 1.0); }
    case TANH: { return safeTanh(x); }
    case GELU: { return 0.5 * x * (1.0 + erf(x * 0.70710678118654752)); }
    case GELU_TANH: { return 0.5 * x * (1.0 + safeTanh(0.79788456080286536 * (x + 0.044715 * x * x * x))); }
    case ERF: { return erf(x); }
    case CLIP: { return min(BETA, max(ALPHA, x)); }
    case EXP: { return exp(x); }
    case LOG: { return log(x); }
    case SQRT: { return sqrt(x); }
    case ABS: { return abs(x); }
    case NEGATE: { return -x; }
    case FLOOR: { return floor(x); }
    case ROUND: { return round(x); }
    case SIN: { return sine(x, 0); }
    case COS: { return sine(x, 1); }
    case IDENTITY, default: { return x; }
  }
}

fn activate4(v: vec4f) -> vec4f {
  return vec4f(activate(v.x), activate(v.y), activate(v.z), activate(v.w));
}
