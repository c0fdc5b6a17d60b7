"""Lesson 08's claims, each with mistakes that it must notice: (claim, mistake, text in the cells, what replaces it)."""

SABOTAGES = [
    ("same J", "β forgotten", "kept + 10 * missing", "kept + missing"),
    ("same J", "a sum over the layers", "missing / len(goals)", "missing"),
    (
        "same J",
        "absolute differences",
        "content).square().sum() / content.square()",
        "content).abs().sum() / content.abs()",
    ),
    ("weights' gradients", "frozen all along", "copy.deepcopy(whole).requires_grad_()", "copy.deepcopy(whole)"),
    ("weights' gradients", "one picture counted", "until_relu5_1(three))", "until_relu5_1(three[:1]))"),
    (
        "asked for x only",
        "frozen",
        "asking, begin = copy.deepcopy(whole).requires_grad_()",
        "asking, begin = copy.deepcopy(whole)",
    ),
    ("the cut", "not cut", "whole.with_layers(layers)", "whole.with_layers((*layers, 'pool5'))"),
    (
        "the cut",
        "the weights ask for gradients",
        "all_again(whole, *",
        "all_again(copy.deepcopy(whole).requires_grad_(), *",
    ),
    ("a cut higher up", "not cut", "whole.with_layers([layer])", "whole.with_layers(['pool5'])"),
    (
        "targets once",
        "all three shown again",
        "network(x[None]).items()}, content",
        "network(torch.stack([x, x, x])).items()}, content",
    ),
    (
        "targets once",
        "another content",
        'pick(network(photo[None])["relu4_2"])',
        'pick(network(painting[None])["relu4_2"])',
    ),
    (
        "memory format",
        "copied without",
        "copy.deepcopy(minivgg).to(memory_format=torch.channels_last)",
        "copy.deepcopy(minivgg)",
    ),
    ("memory format", "positions exchanged", "difference(by_position,", "difference(by_position.flip(-1),"),
    ("a view on the way back", "an index twice", "return block.squeeze(0)", "return block[0]"),
    (
        "a view on the way back",
        "a mean of the content cost",
        '(features["relu4_2"].float() - content).square().sum()',
        '(features["relu4_2"].float() - content).square().mean()',
    ),
    ("few digits", "float32 twice", "short_digits.stages.to(torch.bfloat16)", "short_digits.stages.to(torch.float32)"),
    (
        "few digits",
        "another goal for the short features",
        'error = abs(J(few, goal["relu4_2"], goals)',
        'error = abs(J(few, goal["relu4_2"], {n: 0.8 * g for n, g in goals.items()})',
    ),
    ("ones", "float16", "dtype=torch.bfloat16", "dtype=torch.float16"),
    ("ones", "float32", "dtype=torch.bfloat16", "dtype=torch.float32"),
    ("divide first", "500 becomes 50", "(100.0, 500.0)", "(100.0, 50.0)"),
    ("divide first", "bfloat16", "dtype=torch.float16", "dtype=torch.bfloat16"),
    ("divide first", "divided by M only after", "(F / M**0.5) @ (F / M**0.5).T", "F @ F.T / M"),
    ("closed form", "a 2 too many", "slope * by_position.T", "2 * slope * by_position.T"),
    ("closed form", "M forgotten", "(F.shape[0] ** 2 * F.shape[1])", "F.shape[0] ** 2"),
    ("closed form", "both sides by hand", "F.T @ D.to(F.dtype)", "(F.T @ D.to(F.dtype) + F.T @ D.T.to(F.dtype)) / 2"),
    ("kept by a cost", "the float32 copy kept", "ctx.save_for_backward(F, D)", "ctx.save_for_backward(F.float(), D)"),
    ("kept by a cost", "autograd twice", "N * N for cost in (E, closed)", "N * N for cost in (E, E)"),
    ("larger moves less", "no style", "scales=scales, steps=steps", "scales=scales, steps=steps, beta=0"),
    ("larger moves less", "sizes exchanged", "(side // 2, side, 2 * side)", "(2 * side, side, side // 2)"),
    ("coarse to fine", "full size twice", "scales=4, steps=40", "scales=1, steps=40"),
    (
        "coarse to fine",
        "the same run twice",
        "scales=1, steps=as_many",
        "scales=4, steps=40",
    ),
    ("every change", "all shown in the end, too", "closed)}", "closed), 'again': all_again(needed, photo, painting)}"),
    (
        "every change",
        "pictures exchanged",
        "once(precise, photo, painting, squeezed, closed)",
        "once(precise, painting, photo, squeezed, closed)",
    ),
    ("FLOPs for each byte", "inputs and results forgotten", "(given.numel() + result.numel() + weights)", "weights"),
    (
        "FLOPs for each byte",
        "bytes of the weights forgotten, a FLOP for each",
        "return flops(lambda: stage(given)), 4",
        "return result.numel(), 4",
    ),
    (
        "memory grows with pixels",
        "the weights counted",
        "but=(*network.parameters(), network.mean, network.std)",
        "but=()",
    ),
    ("memory grows with pixels", "one side doubled", "(128, 192)", "(128, 96)"),
    (
        "bytes a pixel",
        "the last ReLU kept whole",
        "(depth - 1) * bytes_each + pooled",
        "depth * bytes_each + pooled",
    ),
    ("bytes a pixel", "no indices", "(bytes_each + 8) / 4", "bytes_each / 4"),
    ("bytes a pixel", "no pool's result", "(bytes_each + 8) / 4", "8 / 4"),
    ("a large picture's memory", "Python and PyTorch counted", "(large_bytes - small_bytes)", "large_bytes"),
    (
        "a large picture's memory",
        "another network's floor",
        "bytes_a_pixel(minivgg.architecture, 4)",
        "bytes_a_pixel(nstlib.networks.ARCHITECTURES['vgg19'], 4)",
    ),
    ("pictures kept", "the last alone", "for step in longer)", "for step in longer[-1:])"),
]

# Letters that the lesson brings in beside lesson 00's table, and the words that say what they mean
INTRODUCED = {"D": "Write $D = G_X/M_X - G_S/M_S$", "B": "## Appendix B."}

# A claim about a picture is tried with another photo and painting in their place
PAIR = ('nstlib.pictures.sample("cat")', 'nstlib.painted.paint("night")')
