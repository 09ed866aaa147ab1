"""The talking-face networks of the Wav2Lip family, and their mel spectrogram.

The 384x384 generator and its expert follow the tables of the 384x384 paper
(its Appendices 1 to 3); what those leave open is taken from Wav2Lip (Prajwal et
al., "A Lip Sync Expert Is All You Need for Speech to Lip Generation In The
Wild", ACM Multimedia 2020, arXiv:2008.10010).

``mel`` and ``blending`` need no torch. Every other module does, and that takes
seconds to import; so nothing is imported here, and nothing outside imports this package
before a user has chosen an avatar that needs it.
"""
