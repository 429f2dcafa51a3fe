"""One entry per architecture, in the order in which they are listed."""

from __future__ import annotations

from prism.models.catalogue.traits import Publication, Setting, Traits

PRISM_PAPER = "Prism, ICLR 2026, arXiv 2602.21550"
SEQ2EXP_PAPER = "Seq2Exp, ICLR 2025, arXiv 2502.13991"

# Of the data.
LENGTH = Setting("length", 2000, "window, bp")
N_SIGNALS = Setting("n_signals", 3, "signals of a batch")
N_RNA_FEATURES = Setting("n_rna_features", 9, "gene features of a batch")
SIGNALS = Setting("signals", None, "names of the signals")

# What several have.
D_MODEL = Setting("d_model", 128, "hidden width", published_at_default=True)
N_LAYER = Setting("n_layer", 4, "layers", published_at_default=True)
CENTER_LEN = Setting("center_len", 2000, "central bp that are averaged for the head")
POOL_BINS = Setting(
    "pool_bins",
    1,
    "equal bins of the central positions, in the order of reading; the head gets the mean of each; 1: one mean",
    published_at_default=True,
)
STEM = Setting(
    "stem",
    None,
    "{kind: conv or mean, size: bases}: one token for so many bases, by a learned convolution of that stride (conv, "
    "the default kind) or as their mean, which hides motifs; null: every base is a token",
    published_at_default=True,
)
SIGNAL_DROPOUT = Setting(
    "signal_dropout",
    0.0,
    "probability with which a signal of a gene is 0 throughout in a training step, from 0 to below 1; the others are "
    "not scaled up, for a prediction sees all of them",
    published_at_default=True,
)
CHECKPOINT_LAYERS = Setting(
    "checkpoint_layers",
    False,
    "keep only each layer's input and compute the layer again in the backward pass: long windows in the memory of "
    "one layer, for about a third more time",
)
BACKBONE = (D_MODEL, N_LAYER, CENTER_LEN, POOL_BINS, STEM, CHECKPOINT_LAYERS)

# Signal -> (weight, beta): its share in the mixture, and the beta of its Beta, before scaling.
SEQ2EXP_PRIORS = {"H3K27ac": (2.0, 1.5), "DNase": (2.0, 0.2), "contacts": (1.0, 1.0)}


def _seq2exp(
    prior_scale: float, beta_min: float, marginal_mean: float, marginal_scale: float
) -> tuple[Setting, ...]:
    """Settings of both masks; the four that differ between them are given."""
    return (
        D_MODEL,
        N_LAYER,
        CENTER_LEN,
        Setting(
            "signal_priors",
            None,
            "{signal: [weight, beta]} of signals other than the published H3K27ac, DNase and contacts",
        ),
        Setting("prior_scale", prior_scale, "factor of what the signals add to the mask's Beta"),
        Setting("beta_min", beta_min, "added to both parameters of the mask's Beta"),
        Setting(
            "marginal_mean", marginal_mean, "mean of the Beta that the KL pulls the mask to, from 0 to 1"
        ),
        Setting("marginal_scale", marginal_scale, "first parameter of that Beta: how hard it pulls"),
        Setting("z_scale", 1.0, "factor of both parameters of the mask's Beta"),
        Setting("kl_weight", 0.01, "weight of the KL in the loss"),
        CHECKPOINT_LAYERS,
    )


# Colours are Okabe-Ito's, and darker shades of them where there are more architectures than colours: relatives share
# a hue and differ in lightness, which colour-blind readers keep.
ENTRIES = (
    Traits(
        name="prism",
        home="prism.models.prism:Prism",
        data=(LENGTH, N_SIGNALS, N_RNA_FEATURES),
        settings=(
            D_MODEL,
            N_LAYER,
            Setting("n_context", 2, "interventions, each a branch of its own in training; 0: none"),
            Setting(
                "cnn_dim", 8, "channels of the confounder encoder's first layer", published_at_default=True
            ),
            CENTER_LEN,
            POOL_BINS,
            STEM,
            Setting("alpha", 1.0, "weight of the intervention loss", published_at_default=True),
            Setting("beta", 1.0, "weight of the diversity loss", published_at_default=True),
            Setting(
                "weight_act",
                "sigmoid",
                "activation of the context weights; sigmoid only",
                choices=("sigmoid",),
            ),
            Setting(
                "context",
                "learned",
                "what the context weights are: learned, from the signals; controls: random (0 or 1, each with "
                "probability 1/2, for every gene, channel, context and step), shuffled (those learned for another gene "
                "of the batch), constant (1/2)",
                published_at_default=True,
                choices=("learned", "random", "shuffled", "constant"),
            ),
            Setting(
                "normalise_contexts",
                False,
                "whether each learned context weight, before its sigmoid, has mean 0 and standard deviation 1 over the "
                "genes of a batch (in prediction: over those of training), so that no context becomes the same for "
                "every gene",
                published_at_default=True,
            ),
            Setting(
                "adjust_promoter",
                False,
                "whether the intervened branches see the promoter activity times a context weight of its own; it needs "
                "the gene feature promoter_activity",
                published_at_default=True,
            ),
            SIGNAL_DROPOUT,
        ),
        source=PRISM_PAPER,
        differs="Prediction computes the observed branch alone. Promoter activity is of bigWig means, not of reads.",
        colour="#D55E00",
        needs_signals=True,
        capturable=True,
        training_mb=5000,  # (1 + n) branches; 2.3 GB with 16,722 genes and n = 2
        long_training_mb=24000,
        publication=Publication("Prism", variants={"n_context": "Prism n={}"}),
    ),
    Traits(
        name="caduceus",
        home="prism.models.caduceus:Caduceus",
        data=(LENGTH, N_RNA_FEATURES),
        settings=BACKBONE,
        source="Schiff et al. 2024, arXiv 2403.03234, as a baseline of Seq2Exp (arXiv 2502.13991)",
        differs="Without parameter sharing between strands. One kernel and one in_proj for both directions instead of "
        "a flip.",
        colour="#56B4E9",
        capturable=True,
        publication=Publication("Caduceus", signals=False),
    ),
    Traits(
        name="caduceus_signals",
        home="prism.models.caduceus_signals:CaduceusSignals",
        data=(LENGTH, N_SIGNALS, N_RNA_FEATURES),
        settings=(
            D_MODEL,
            N_LAYER,
            CENTER_LEN,
            POOL_BINS,
            STEM,
            Setting(
                "input_mask",
                None,
                "peaks: positions outside the peaks are set to 0; null: nothing is hidden",
                choices=(None, "peaks"),
            ),
            SIGNAL_DROPOUT,
            CHECKPOINT_LAYERS,
        ),
        source="Seq2Exp's baseline, arXiv 2502.13991; with `input_mask: peaks` its MACS3 baseline",
        differs="Peaks are the row's, or called from DNase at a multiple of its mean.",
        colour="#0072B2",
        capturable=True,
        publication=Publication("Caduceus + signals", variants={"input_mask": "MACS3"}),
    ),
    Traits(
        name="mamba",
        home="prism.models.mamba:Mamba",
        data=(LENGTH, N_RNA_FEATURES),
        settings=BACKBONE,
        source="Gu and Dao 2023, arXiv 2312.00752, as a baseline of Seq2Exp (arXiv 2502.13991)",
        differs="None known.",
        colour="#009E73",
        capturable=True,
        publication=Publication("Mamba", signals=False),
    ),
    Traits(
        name="hyenadna",
        home="prism.models.hyenadna:HyenaDNA",
        data=(LENGTH, N_RNA_FEATURES),
        settings=(
            D_MODEL,
            N_LAYER,
            CENTER_LEN,
            Setting("embed_dropout", 0.1, "dropout of the embedding, from 0 to below 1"),
            CHECKPOINT_LAYERS,
        ),
        source="Nguyen et al. 2023, arXiv 2306.15794, on the Hyena operator, arXiv 2302.10866",
        differs="Only the operator is compared with the authors' numbers; around it, it is written from the "
        "description.",
        colour="#005A41",
        capturable=True,
        training_mb=5000,  # spectra of twice the window
        long_training_mb=20000,
        publication=Publication("HyenaDNA", signals=False),
    ),
    Traits(
        name="enformer",
        home="prism.models.enformer:Enformer",
        data=(Setting("length", 200_000, "window, bp"), N_RNA_FEATURES),
        settings=(
            Setting("crop_length", 196_608, "central bp that are read, a multiple of 128"),
            Setting("d_model", 1536, "hidden width, a multiple of 128", published_at_default=True),
            Setting("n_layer", 11, "transformer layers", published_at_default=True),
            Setting("n_heads", 8, "heads of a transformer layer"),
            Setting(
                "target_bins",
                896,
                "output bins of 128 bp that are averaged, all of them where there are fewer",
            ),
            Setting(
                "checkpoint_layers",
                False,
                "compute transformer layers again in the backward pass, which saves memory",
            ),
        ),
        source="Avsec et al. 2021, doi 10.1038/s41592-021-01252-x, by the package enformer-pytorch",
        differs="From scratch, without its output heads; the mean over the output bins goes to the shared head.",
        colour="#A69B00",
        has_released=False,
        environment="enformer",  # the package pins a version of transformers
        package="enformer-pytorch",
        parameters=230_256_641,
        training_mb=12000,
        long_training_mb=24000,
        publication=Publication("Enformer", signals=False),
    ),
    Traits(
        name="epinformer",
        home="prism.models.epinformer:EPInformer",
        data=(LENGTH, N_RNA_FEATURES),
        settings=(
            Setting("out_dim", 64, "width of a token, a multiple of 32 and of `head`"),
            Setting("n_encoder", 3, "attention layers"),
            Setting("head", 4, "heads of an attention layer"),
            Setting("n_enhancers", 60, "the most elements of a gene that are read, the nearest first"),
        ),
        source="EPInformer, doi 10.1038/s41467-026-70535-8",
        differs="Elements are made here. All padding of a batch is computed as one row, counted as often as it stands "
        "there.",
        colour="#E69F00",
        reads_elements=True,
        shortest=2000,  # the promoter
        long_training_mb=32000,
        training_mb=16000,  # up to 61 sequences of 2 kb a gene, in memory beside the windows
        publication=Publication("EPInformer"),
    ),
    Traits(
        name="seq2exp_soft",
        home="prism.models.seq2exp_soft:Seq2ExpSoft",
        data=(N_SIGNALS, N_RNA_FEATURES, SIGNALS),
        settings=_seq2exp(prior_scale=10.0, beta_min=1.0, marginal_mean=0.1, marginal_scale=10.0),
        source=SEQ2EXP_PAPER,
        differs="None known.",
        colour="#CC79A7",
        needs_signals=True,
        learns_a_mask=True,
        long_training_mb=20000,  # a second pass of Caduceus makes the mask
        publication=Publication("Seq2Exp-soft"),
        priors=SEQ2EXP_PRIORS,
    ),
    Traits(
        name="seq2exp_hard",
        home="prism.models.seq2exp_hard:Seq2ExpHard",
        data=(LENGTH, N_SIGNALS, N_RNA_FEATURES, SIGNALS),
        settings=_seq2exp(prior_scale=1.0, beta_min=0.0, marginal_mean=0.45, marginal_scale=0.1),
        source=SEQ2EXP_PAPER,
        differs="Kept positions are gathered, never padded: a prediction does not depend on its batch-mates.",
        colour="#8A3F68",
        needs_signals=True,
        learns_a_mask=True,
        long_training_mb=20000,
        publication=Publication("Seq2Exp-hard"),
        priors=SEQ2EXP_PRIORS,
    ),
    Traits(
        name="ridge",
        home="prism.models.ridge:RidgeModel",
        data=(LENGTH, N_SIGNALS, N_RNA_FEATURES, SIGNALS),
        settings=(
            Setting("bin_size", 100, "bp of the bins around the TSS"),
            Setting("kmer", 4, "longest k-mer that is counted; 0: none"),
            Setting("center_len", 2000, "central bp on which k-mers are counted"),
            Setting("log10_alpha", (-2.0, 7.0), "powers of ten of the smallest and the largest penalty"),
            Setting("n_alpha", 37, "penalties between them"),
            Setting(
                "transform",
                "none",
                "log1p: of each value of a signal before the means of the bins, of which it is taken in any case",
                choices=("none", "log1p"),
            ),
        ),
        source="This project's floor",
        differs="No published counterpart.",
        colour="#8C8C8C",
        closed_form=True,
        has_released=False,
        training_mb=2500,  # 0.7 GB with 16,722 genes and three signals
        long_training_mb=8000,
    ),
)
