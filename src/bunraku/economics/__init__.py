"""What the robot costs, how many could be built, and what that would do: computed from the robot's own spec.

`bill_of_materials` prices a `RobotSpec`; `production` and `economy` run it forward over stated, sourced distributions;
`calibration` fits learning curves to cost series; `growth` holds the closed forms of the literature.
"""

from bunraku.economics.bill import Bill, Line, bill_of_materials
from bunraku.economics.parts import PriceList, load_price_list

__all__ = ["Bill", "Line", "PriceList", "bill_of_materials", "load_price_list"]
