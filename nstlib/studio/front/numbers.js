// Numbers as a person says them, and where a control stands for a value.

function spoken(value) {
  if (value === 0) return "0";
  if (Math.abs(value) < 0.001) return value.toExponential(1).replace(".0", "").replace(/e-(\d+)$/, (_, power) => ` × 10⁻${power.replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit])}`);
  return Number(value.toPrecision(value >= 1000 ? 4 : 3)).toLocaleString("en", { maximumSignificantDigits: 4 });
}

// A scale has the lowest and highest place, the step of an arrow key, and goes from places to values and back.
function scaleOf(control) {
  if (control.kind !== "log")
    return { low: control.low, high: control.high, step: control.step, place: (value) => value, value: (place) => place };
  const least = Math.log10(control.low);
  const low = control.zero ? least - control.step : least;
  return {
    low,
    high: Math.log10(control.high),
    step: control.step,
    place: (value) => (value > 0 ? Math.log10(value) : low),
    value: (place) => (control.zero && place < least - control.step / 2 ? 0 : Number((10 ** place).toPrecision(6))),
  };
}

function clamped(scale, place) {
  return Math.min(scale.high, Math.max(scale.low, place));
}

// The place on the scale's own steps that is nearest: what a mouse points at is seldom one.
function onStep(scale, place) {
  return clamped(scale, Number((Math.round(place / scale.step) * scale.step).toFixed(6)));
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
