"""The colours of figures, pages and style sheets: chosen here alone.

Okabe and Ito's: told apart by readers with any common colour vision.
"""

BLUE, VERMILLION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
SKY, PURPLE, BLACK, GREY = "#56B4E9", "#CC79A7", "#000000", "#999999"
# Their shades: pale for areas, dark for words, which need more contrast than lines
PALE_BLUE, PALEST_BLUE, DARK_VERMILLION = "#BBD7EA", "#E3EEF6", "#9C2A00"
PALEST_VERMILLION, DARK_GREY = "#FDF1EC", "#6B6B6B"
#: Matplotlib's maps for signed numbers and for those from 0 on.
DIVERGING, SEQUENTIAL = "RdBu_r", "cividis"
